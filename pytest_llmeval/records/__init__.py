"""The frozen values on the way from a golden file to a report, and their form as JSON.

Their fields hold only built-in types and records, so that `wire` can turn each into JSON and back.
"""
