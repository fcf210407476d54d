//! Chance, from a seed (splitmix64). What happens to one person at one instant is rolled from that person's seed and the
//! instant, so it is the same whichever rules are tried on them.

#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of their own for each name of what is rolled for: a person, a component, an instant.
    pub fn at(seed: u64, names: &[i64]) -> Dice {
        let mut dice = Dice(seed);
        for name in names {
            dice.0 = dice.roll() ^ name.cast_unsigned();
        }
        dice.roll();
        dice
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub fn fraction(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, share: f64) -> bool {
        self.fraction() < share
    }

    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.fraction()
    }

    /// Both ends included.
    pub fn whole(&mut self, from: i64, to: i64) -> i64 {
        let choices = to.abs_diff(from) + 1;
        from + i64::try_from(self.roll() % choices).unwrap_or(0)
    }

    /// As good as normal with deviation 1, and never beyond 3: the sum of twelve fractions (deviation 1), cut.
    pub fn normal(&mut self) -> f64 {
        let sum: f64 = (0..12).map(|_| self.fraction()).sum();
        (sum - 6.0).clamp(-3.0, 3.0)
    }
}
