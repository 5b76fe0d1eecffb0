"""The support assistant of Velo Nord. Nothing in this package knows that it is tested."""
