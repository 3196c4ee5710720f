"""Networks of others, and what it takes to train and measure them beside this project's."""
