"""Whole programs, one for each library, that do the same: started as processes by `works.process`."""
