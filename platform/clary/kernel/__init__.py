"""What every resource is made of: ids, clock, errors, states, repository, reconciler. It knows no AWS service."""
