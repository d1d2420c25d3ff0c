"""Human3.6M in every form in which people have it: one module per form, and what the forms share."""
