"""From a case to its CaseResult, without pytest."""
