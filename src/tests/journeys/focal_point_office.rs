//! Tests the office of Focal Point: what its pages read, and who holds it from when until when.

mod plans;
