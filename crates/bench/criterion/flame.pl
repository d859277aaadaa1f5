#!/usr/bin/env perl
# Draws what `perf script` says as a flame graph: an SVG without scripts, readable in a document. Widths are shares of the samples,
# the callers stand below, and a name that does not fit is in the title of its box.
#
#   perf script -i FILE | benches/flame.pl [--comm NAME]... [--title TEXT] > profile.svg
use strict;
use warnings;

my (%comms, $title);
$title = 'profile';
while (defined(my $option = shift @ARGV)) {
    if ($option eq '--comm') { $comms{ shift @ARGV } = 1 }
    elsif ($option eq '--title') { $title = shift @ARGV }
    else { die "unknown: $option\n" }
}

# What a function is called, without what a compiler adds to it.
sub plain {
    my ($name) = @_;
    $name =~ s/\+0x[0-9a-f]+$//;
    $name =~ s/::h[0-9a-f]{16}$//;
    $name =~ s/\.(?:isra|part|constprop|cold|llvm)\.[0-9]+//g;
    $name =~ s/\{\{closure\}\}/{closure}/g;
    1 while $name =~ s/<([^<>]* as )?([^<>]*)>/$2/;
    return $name;
}

# Samples: a line with the thread, then the frames from the innermost, then an empty line.
my $root = { name => 'all', count => 0, kids => {} };
my ($comm, @frames);
my $take = sub {
    if (defined $comm && @frames && (!%comms || $comms{$comm})) {
        my $node = $root;
        $node->{count}++;
        for my $name ("thread: $comm", reverse @frames) {
            $node = $node->{kids}{$name} //= { name => $name, count => 0, kids => {} };
            $node->{count}++;
        }
    }
    ($comm, @frames) = (undef);
};
while (my $line = <STDIN>) {
    if ($line =~ /^\s*$/) { $take->() }
    elsif ($line =~ /^\s+[0-9a-f]+ (.*?) \([^()]*\)$/) {
        my $name = plain($1);
        # What could not be told apart says nothing.
        push @frames, $name unless $name eq '[unknown]' || $name =~ /^0x|^clone3$|^start_thread$|thread_start$/;
    }
    elsif ($line =~ /^(\S.*?)\s+\d+(?:\/\d+)?\s/) { $comm = $1 }
}
$take->();
die "no samples\n" unless $root->{count};

my ($width, $height, $narrowest) = (1200, 17, 1.2);
my ($deepest, @boxes) = (0);
sub lay {
    my ($node, $x, $depth) = @_;
    my $w = $width * $node->{count} / $root->{count};
    return if $w < $narrowest;
    $deepest = $depth if $depth > $deepest;
    push @boxes, [ $x, $depth, $w, $node ];
    for my $kid (sort { $a->{name} cmp $b->{name} } values %{ $node->{kids} }) {
        lay($kid, $x, $depth + 1);
        $x += $width * $kid->{count} / $root->{count};
    }
}
lay($root, 0, 0);

sub escaped { my ($text) = @_; $text =~ s/&/&amp;/g; $text =~ s/</&lt;/g; $text =~ s/>/&gt;/g; return $text }

# Whose time it is.
sub colour {
    my ($name) = @_;
    return '#c9b7e8' if $name =~ /sqlite|sqlcipher|pager|wal|vdbe|btree|pcache|rusqlite|session_store|unixSync|unixWrite/i;
    return '#f2b8a0' if $name =~ /crypto_core|sha2|sha512|aes|EVP|keccak|hmac|xoshiro|ossl|k256|x25519/i;
    return '#a9d3e8' if $name =~ /tokio|hyper|jsonrpsee|server|mio/;
    return '#bfe0ae' if $name =~ /engine|rpc|serde|daemon/;
    return '#dddddd';
}

my $tall = ($deepest + 1) * $height + 30;
print qq{<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $tall" font-family="monospace" font-size="11">\n};
print qq{<rect width="$width" height="$tall" fill="#ffffff"/>\n};
printf qq{<text x="4" y="16" font-size="13">%s, %d samples</text>\n}, escaped($title), $root->{count};
for my $box (@boxes) {
    my ($x, $depth, $w, $node) = @$box;
    my $y   = $tall - ($depth + 1) * $height;
    my $fit = int($w / 6.7) - 1;
    my $label = $fit < 3 ? '' : length $node->{name} <= $fit ? $node->{name} : '..' . substr($node->{name}, 2 - $fit);
    printf qq{<g><title>%s %.1f %%</title><rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s" stroke="#ffffff" stroke-width="0.5"/>},
        escaped($node->{name}), 100 * $node->{count} / $root->{count}, $x, $y, $w, $height - 1, colour($node->{name});
    printf qq{<text x="%.1f" y="%d">%s</text>}, $x + 2, $y + 12, escaped($label) if length $label;
    print "</g>\n";
}
print "</svg>\n";
