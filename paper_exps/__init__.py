"""Running the paper's rows (run.py, with the plan of plan.py) and printing its tables (collect.py).

The shell scripts name the rows of each table and figure.
"""
