"""What a person or a program reads of a run; every report is a function of the one audit document."""
