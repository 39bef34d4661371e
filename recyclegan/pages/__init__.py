"""Pages for people: markup, tables, charts, players, and the one file that holds them and loads nothing."""
