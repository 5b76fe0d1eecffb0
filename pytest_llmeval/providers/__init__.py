"""What answers a prompt: endpoints, local models, the user's own code, the golden file itself."""
