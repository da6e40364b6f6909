"""Charts: plotly figures of SVG traces with the same numbers as a table; see static/chart.js."""
