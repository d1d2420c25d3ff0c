"""Drawing: functions that take arrays and an axis and give the axis back, and whole pages.

Nothing in here needs torch, so that figures can be drawn from results on a machine without it.
"""
