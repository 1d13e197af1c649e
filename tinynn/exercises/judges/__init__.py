"""What is right and what is often wrong, one exercise a file: reference, trials, mistakes and hints."""
