"""Exercises: write a piece of the network yourself, and be told at once what is right about it.

``tinynn exercises`` lists them, ``tinynn check FILE`` judges one, offline. Skeletons lie in ``tutorials/exercises``.
"""
