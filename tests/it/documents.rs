//! Numbers and samples in the documents are those of the program.
