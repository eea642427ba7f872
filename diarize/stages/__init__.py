"""The stages of the chain, a module each: arrays on one frame grid in, arrays out."""
