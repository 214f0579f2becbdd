//! One hash, computed on the spot: what a thread of its own runs.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use classdesk_domain::people::{PasswordHash, Verification};
use classdesk_domain::store::Cause;

/// How many bytes of salt a new hash has.
pub(crate) const SALT_BYTES: usize = Salt::RECOMMENDED_LENGTH;

/// glibc maps what is larger than 32 MiB from the system and gives it back at once. Smaller
/// pieces it may keep for later, so that a few logins would hold their memory for good. What is
/// reserved beyond the blocks in use is never touched and so takes no memory.
const MAPPED_BLOCKS: usize = 33 * 1024;

/// Hashes a password into a PHC string.
pub(crate) fn hash(
    password: &str,
    salt: &[u8; SALT_BYTES],
    params: &Params,
) -> Result<PasswordHash, Cause> {
    let salt = Salt::new(salt)?;
    let mut bytes = [0; Params::DEFAULT_OUTPUT_LEN];
    compute(
        password,
        &salt,
        Algorithm::Argon2id,
        Version::V0x13,
        params,
        &mut bytes,
    )?;
    let phc = Phc {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(salt),
        hash: Some(Output::new(&bytes)?),
    };
    Ok(PasswordHash::new(phc.to_string()))
}

/// Checks a password against a PHC string, with the parameters that stand in it. Where they cost
/// less than the present ones, the difference is computed as well: the time must not tell that there
/// is a hash, and how old it is.
pub(crate) fn verify(
    password: &str,
    hash: &PasswordHash,
    present: &Params,
) -> Result<Verification, Cause> {
    let phc = Phc::new(hash.as_str())?;
    let algorithm = Algorithm::try_from(phc.algorithm.as_str())?;
    let version = phc.version.map_or(Ok(Version::V0x13), Version::try_from)?;
    let params = Params::try_from(&phc)?;
    let (Some(salt), Some(expected)) = (phc.salt, phc.hash) else {
        return Err("the stored hash has no salt or no digest".into());
    };
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = bytes
        .get_mut(..expected.len())
        .ok_or("the stored digest is too long")?;
    compute(password, &salt, algorithm, version, &params, bytes)?;
    if let Some(rest) = rest_of_cost(&params, present) {
        compute(
            password,
            &salt,
            Algorithm::Argon2id,
            Version::V0x13,
            &rest,
            &mut [0; 32],
        )?;
    }
    // Comparing outputs takes constant time.
    if Output::new(bytes)? != expected {
        return Ok(Verification::Wrong);
    }
    let outdated = algorithm != Algorithm::Argon2id
        || version != Version::V0x13
        || params.m_cost() != present.m_cost()
        || params.t_cost() != present.t_cost()
        || params.p_cost() != present.p_cost();
    Ok(Verification::Right { outdated })
}

/// Parameters that cost what `present` costs more than `stored`; `None` when that is next to nothing.
/// The time of a hash grows with its memory and its passes.
fn rest_of_cost(stored: &Params, present: &Params) -> Option<Params> {
    let cost = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
    let rest = cost(present).checked_sub(cost(stored))?;
    let memory = u32::try_from(rest / u64::from(present.t_cost())).ok()?;
    Params::new(memory, present.t_cost(), 1, None).ok()
}

fn compute(
    password: &str,
    salt: &[u8],
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    out: &mut [u8],
) -> Result<(), argon2::Error> {
    let mut blocks = Vec::with_capacity(params.block_count().max(MAPPED_BLOCKS));
    blocks.resize(params.block_count(), Block::new());
    Argon2::new(algorithm, version, params.clone()).hash_password_into_with_memory(
        password.as_bytes(),
        salt,
        out,
        &mut blocks,
    )
}
