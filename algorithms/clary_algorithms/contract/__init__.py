"""The container contract: where things are, what was asked, and how a job ends."""
