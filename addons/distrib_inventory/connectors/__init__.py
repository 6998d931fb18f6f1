"""Outside services: HTTP alone. What is asked and how an answer is read stands in ``engine/``, without a network."""
