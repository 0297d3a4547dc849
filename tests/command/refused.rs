//! Input that is refused, with a reason.

use super::Folder;

#[test]
fn bad_input_is_refused_with_a_reason() {
    let folder = Folder::new("refused");
    for arguments in [
        "mc --lattice 0x8",
        "mc --lattice 8x",
        "mc --lattice 3x4 --update metropolis",
        "train --lattice 3x3",
        "train --layers 0",
        "train --batch 0",
        "train --steps 0",
        "train --kernel 2",
        "train --hidden 0",
        "train --lr nan",
        "train --lattice 40000x40000",
        "mc --lattice 40000x40000",
        "mc --chains 0",
        "mc --trajectories 0",
        "mc --sweeps 0",
        "mc --steps 0",
        "mc --length 0",
        "mc --theory nope",
        "mc --lambda -1",
        "mc --lambda 0 --m2 -1",
        "mc --theory free --lambda 5",
        "exact --theory free --lambda nan",
        "mc --thermalize 18446744073709551615",
        "mc --save-every 5",
        "mc --export csv",
        "mc --keep-as f16",
        "mc --save-every 5 --keep-as f8 --out a",
        "mc --save-every 5 --keep-as bf16 --keep-in npy --out a",
        "sample --model . --save-every 5 --keep-as bf16 --keep-in npy --out a",
        "mc --m2 nan",
        "mc --seed -1",
        "mc --m2 -inf",
        "mc --threads 1000000",
        "mc --steps 100000",
        "mc --jitter 1",
        "mc --length -1",
        "mc --jitter nan",
        "train --lr -0.1",
        "train --clip inf",
        "train --clip -1",
        "train --hidden 4,,4",
        "train --samples 1000000000000",
        "exact --lattice 2x2 --m2 1e300",
        "exact --lattice 8 --m2 -1e300",
        "exact --theory free --lattice 300000x300000",
        "exact --lattice 4x1000000000",
        "mc --config nowhere.toml",
        "mc --device gpu --precision f64 --out f64",
        "--device gpu --precision f64 --out f64",
        "exact --device cpu",
        "sample --model nowhere",
        "sample --model . ",
        "exact --theory free --m2 -1",
        "exact --lattice 32x32",
        "train --out /proc/nowhere --steps 1",
    ] {
        let output = folder.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {text}");
        assert!(text.starts_with("error: ") && !text.contains("panicked"), "{arguments}: {text}");
        assert!(output.stdout.is_empty(), "{arguments}");
    }
}
