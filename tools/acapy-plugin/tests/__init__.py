"""Tests of the plug-in: `python -m unittest discover -s tests -t .` in this folder. The real agent: tools/acapy-check."""
