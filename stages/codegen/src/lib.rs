//! Turns IR into relocatable objects.
