//! Holes that programs like this one have had, each tried here: what somebody types that becomes code, doors that stand open, and
//! plans that run more than they say. One test a hole; what a browser must keep out is in `browser::hostile` and `browser::xss`.

mod doors;
mod inputs;
mod plans;
mod setup;
