"""Search: finding resources by any of their properties. (Amazon SageMaker API Reference, Search.)"""
