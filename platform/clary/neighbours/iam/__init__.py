"""IAM: roles and policies of an account, stored and checked for form; policies are not evaluated."""
