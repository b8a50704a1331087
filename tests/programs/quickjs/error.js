// Ends in a rejection that nobody handles.
async function later() { await null; throw new TypeError("unhandled"); }
print("before");
later().finally(() => print("finally"));
