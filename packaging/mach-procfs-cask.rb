# For a Homebrew tap, as Casks/mach-procfs.rb; OWNER is whose releases they are. The sums are those of
# the release's SHA256SUMS. Not yet
# tried on a Mac.
cask "mach-procfs" do
  arch arm: "aarch64", intel: "x86_64"

  version "0.1.0"
  sha256 arm:   "0000000000000000000000000000000000000000000000000000000000000000",
         intel: "0000000000000000000000000000000000000000000000000000000000000000"

  url "https://github.com/OWNER/mach-procfs/releases/download/v#{version}/mach-procfs-#{version}-#{arch}-apple-darwin.tar.gz"
  name "mach-procfs"
  desc "/proc that macOS never had: process memory maps as files"
  homepage "https://github.com/OWNER/mach-procfs"

  depends_on cask: "macfuse"
  depends_on macos: ">= :big_sur"

  binary "bin/mach-procfs"
  manpage "share/man/man1/mach-procfs.1"
  bash_completion "share/bash-completion/completions/mach-procfs"
  zsh_completion "share/zsh/site-functions/_mach-procfs"
  fish_completion "share/fish/vendor_completions.d/mach-procfs.fish"

  caveats <<~EOS
    macFUSE's kernel extension must be allowed in System Settings, Privacy & Security, and the Mac
    restarted. On Apple silicon the startup options need Reduced Security first.
    `mach-procfs doctor` says what is missing.
  EOS
end
