"""Any OpenAI-compatible endpoint, and Azure OpenAI."""
