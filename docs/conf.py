"""Sphinx builds these pages: `sphinx-build -W docs build/docs`; a link that leads nowhere fails."""

project = "azd-ai-scaffold"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = project
nitpicky = True
myst_heading_anchors = 3
