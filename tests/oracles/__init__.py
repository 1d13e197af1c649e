"""Independent references: another library's automatic differentiation, and symbolic derivatives."""
