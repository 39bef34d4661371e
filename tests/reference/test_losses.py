from recyclegan.reference.losses import loss_line, published_name


def test_letters_are_the_published_ones() -> None:
    terms = ["ab/adversarial", "ba/adversarial", "b/discriminator", "a/discriminator", "ba/identity", "ab/cycle"]
    assert [published_name(term) for term in terms] == ["G_A", "G_B", "D_A", "D_B", "idt_A", "Cyc_A"]


def test_a_term_without_a_published_name_keeps_its_own() -> None:
    assert published_name("ab/contrastive") == "contrastive_A"


def test_a_line_of_losses() -> None:
    line = loss_line(2, 300, 0.125, {"ab/adversarial": 1.0, "ba/adversarial": 0.25, "b/discriminator": 0.5})
    assert line == "(epoch: 2, iters: 300, time: 0.125) G_A: 1.000 D_A: 0.500 G_B: 0.250"
