"""Drawing: functions that take arrays and an axis, and give the axis back; pages made of several axes.

Nothing in here needs torch, so that figures can be drawn from results on a machine without it.
"""
