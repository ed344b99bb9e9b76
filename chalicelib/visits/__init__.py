"""Page views, touches and promo codes shown, and how a touch is classified into a source."""
