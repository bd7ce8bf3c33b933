"""EC2: moto's, with launch templates as AWS answers them."""
