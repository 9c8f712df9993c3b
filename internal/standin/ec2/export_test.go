package ec2

// WireNames are for the test that writes an answer again.
var WireNames = wireNames
