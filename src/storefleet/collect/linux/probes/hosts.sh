p_hosts() { content '' 262144 /etc/hosts; }
