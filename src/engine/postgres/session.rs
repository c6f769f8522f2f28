//! The live connection: the two doors, deadlines and cancelling.
