"""What can be learnt from one host: collectors that ask for output and turn it into a state document.

Nothing here touches the world. A collector yields effects and is sent their answers; a parser is handed text that a
device printed, which is hostile data: it never raises, and what it cannot read becomes ``missing``, never an
empty value.
"""
