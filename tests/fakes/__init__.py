"""Local servers that behave as the real ones do, misbehaviour included; tests and benches start them on loopback."""
