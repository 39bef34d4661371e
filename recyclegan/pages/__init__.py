"""Pages for people: markup, tables, charts, players, and the one file that holds them and loads nothing.

For: every report. In: numbers and pictures. Out: one HTML file in both colour schemes, and PNG grids.
"""
