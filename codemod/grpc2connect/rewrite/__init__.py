"""From chosen outcomes to new text: renders edits, settles imports, and proves the result.

May import everything below it; knows nothing of reports or of the command line.
"""
