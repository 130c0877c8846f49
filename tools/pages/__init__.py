"""One module a generated page."""

NOTICE = "<!-- Generated from the code by `make docs`: change the code, not this page. -->\n"
