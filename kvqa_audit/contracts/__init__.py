"""What is promised about rows and about the dataset, each judged through one door to its engine."""
