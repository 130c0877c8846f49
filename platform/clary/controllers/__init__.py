"""Work that is bigger than the step of one resource."""
