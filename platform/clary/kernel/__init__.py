"""What resources are made of: ids, clock, errors, states, repository, reconciler. It knows no AWS service."""
