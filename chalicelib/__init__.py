"""Callpath: which advertising made this phone call, and did the call make money?"""
