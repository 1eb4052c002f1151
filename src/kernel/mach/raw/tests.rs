//! What only the C side can get wrong, exercised over the twin.
