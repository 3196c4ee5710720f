"""The network: convolutions over time, recurrent encoder, pooling head, all of it."""
