"""What a pool learns of itself: census, hold times, delays, sizing and health."""
